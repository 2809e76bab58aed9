/** The broker's error codes, as far as this client acts on them, and how they become errors of ours. */
import { errorOf } from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'

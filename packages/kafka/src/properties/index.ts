/** Kafka's client settings as they stand in properties files, with its key stores: from Java's names and formats to `KafkaConfig`. */
export { isConnectionSetting, kafkaConfig, type KafkaSettings } from './kafka-config.ts'
export { DerError } from './der.ts'
export { isJks, jksCertificates, jksKey } from './jks.ts'
export { trustedCertificates } from './pkcs12.ts'

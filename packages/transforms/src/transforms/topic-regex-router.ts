/** Confluent's TopicRegexRouter: RegexRouter by the name that it has in Confluent Cloud. */
import type { TransformPlugin } from '@sluice/sdk'
import { javaNamesIn } from '../record-side.ts'
import { regexRouter } from './regex-router.ts'

export const topicRegexRouter: TransformPlugin = {
  ...regexRouter,
  name: 'topic-regex-router',
  aliases: javaNamesIn(['io.confluent.connect.cloud.transforms'], 'TopicRegexRouter'),
  documentation:
    'Another topic by pattern and replacement. It is RegexRouter, under the name that it has in Confluent Cloud.',
}

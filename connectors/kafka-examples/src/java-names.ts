/** The release of Apache Kafka whose connectors these are, which is their version too: status records name it. */
export const KAFKA_VERSION = '4.3.1'

/** What Java calls a connector, in a package of `org.apache.kafka.connect`. */
export function javaNames(folder: 'file' | 'tools', simpleName: string): readonly string[] {
  return [`org.apache.kafka.connect.${folder}.${simpleName}`]
}

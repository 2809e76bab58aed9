/** Schemas by id and subject, as Confluent's registry has them. */
export {}

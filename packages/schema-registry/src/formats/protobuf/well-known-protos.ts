/** Files that every Protobuf compiler, or Confluent's registry, brings with it: schemas import them without having them registered. */
import type protobuf from 'protobufjs'
import { protobufjs } from './protobufjs.ts'

const scalars = (names: string): string =>
  names
    .split(' ')
    .map((pair, i) => `${pair.replace(':', ' ')} = ${i + 1};`)
    .join(' ')

const google = (name: string, body: string, imports: readonly string[] = []): readonly [string, string] => [
  `google/type/${name}.proto`,
  `syntax = "proto3"; package google.type; ${imports.map((path) => `import "${path}";`).join(' ')} ${body}`,
]

const WRAPPERS = 'google/protobuf/wrappers.proto'
const DURATION = 'google/protobuf/duration.proto'
const TIMESTAMP = 'google/protobuf/timestamp.proto'

const enumOf = (name: string, values: string): string =>
  `enum ${name} { ${values
    .split(' ')
    .map((value, i) => `${value} = ${i};`)
    .join(' ')} }`

/** What options of any kind are extensions of; that an option is known is not needed for reading messages. */
const DESCRIPTOR = [
  'FileOptions',
  'MessageOptions',
  'FieldOptions',
  'OneofOptions',
  'EnumOptions',
  'EnumValueOptions',
  'ServiceOptions',
  'MethodOptions',
  'ExtensionRangeOptions',
]
  .map((name) => `message ${name} { extensions 1000 to max; }`)
  .join(' ')

const META = ['file', 'message', 'field', 'enum', 'enum_value']
  .map((on) => {
    const target = on.replaceAll(/(?:^|_)[a-z]/g, (start) => start.replace('_', '').toUpperCase())
    return `extend google.protobuf.${target}Options { Meta ${on}_meta = 1088; }`
  })
  .join(' ')

const WRAPPED =
  'double:Double float:Float int64:Int64 uint64:UInt64 int32:Int32 uint32:UInt32 bool:Bool string:String bytes:Bytes'
    .split(' ')
    .map((pair) => pair.split(':'))
    .map(([type, name]) => `message ${name}Value { ${type} value = 1; }`)
    .join(' ')

const protobufFile = (name: string, body: string): readonly [string, string] => [
  `google/protobuf/${name}.proto`,
  `syntax = "proto3"; package google.protobuf; ${body}`,
]

const TEXTS: ReadonlyMap<string, string> = new Map([
  [
    'confluent/meta.proto',
    `syntax = "proto3"; package confluent; import "google/protobuf/descriptor.proto";
     message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3; } ${META}`,
  ],
  [
    'confluent/type/decimal.proto',
    'syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
  ],
  ['google/protobuf/descriptor.proto', `syntax = "proto2"; package google.protobuf; ${DESCRIPTOR}`],
  protobufFile('any', `message Any { ${scalars('string:type_url bytes:value')} }`),
  protobufFile('duration', `message Duration { ${scalars('int64:seconds int32:nanos')} }`),
  protobufFile('empty', 'message Empty {}'),
  protobufFile('field_mask', 'message FieldMask { repeated string paths = 1; }'),
  protobufFile(
    'struct',
    `message Struct { map<string, Value> fields = 1; } enum NullValue { NULL_VALUE = 0; }
     message Value { oneof kind { NullValue null_value = 1; double number_value = 2; string string_value = 3;
       bool bool_value = 4; Struct struct_value = 5; ListValue list_value = 6; } }
     message ListValue { repeated Value values = 1; }`,
  ),
  protobufFile('timestamp', `message Timestamp { ${scalars('int64:seconds int32:nanos')} }`),
  protobufFile('wrappers', WRAPPED),
  google(
    'calendar_period',
    enumOf('CalendarPeriod', 'CALENDAR_PERIOD_UNSPECIFIED DAY WEEK FORTNIGHT MONTH QUARTER HALF YEAR'),
  ),
  google('color', `message Color { ${scalars('float:red float:green float:blue google.protobuf.FloatValue:alpha')} }`, [
    WRAPPERS,
  ]),
  google('date', `message Date { ${scalars('int32:year int32:month int32:day')} }`),
  google(
    'datetime',
    `message DateTime { ${scalars('int32:year int32:month int32:day int32:hours int32:minutes int32:seconds int32:nanos')}
       oneof time_offset { google.protobuf.Duration utc_offset = 8; TimeZone time_zone = 9; } }
     message TimeZone { ${scalars('string:id string:version')} }`,
    [DURATION],
  ),
  google(
    'dayofweek',
    enumOf('DayOfWeek', 'DAY_OF_WEEK_UNSPECIFIED MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY'),
  ),
  google('decimal', `message Decimal { ${scalars('string:value')} }`),
  google('expr', `message Expr { ${scalars('string:expression string:title string:description string:location')} }`),
  google('fraction', `message Fraction { ${scalars('int64:numerator int64:denominator')} }`),
  google(
    'interval',
    `message Interval { ${scalars('google.protobuf.Timestamp:start_time google.protobuf.Timestamp:end_time')} }`,
    [TIMESTAMP],
  ),
  google('latlng', `message LatLng { ${scalars('double:latitude double:longitude')} }`),
  google('localized_text', `message LocalizedText { ${scalars('string:text string:language_code')} }`),
  google('money', `message Money { ${scalars('string:currency_code int64:units int32:nanos')} }`),
  google(
    'month',
    enumOf(
      'Month',
      'MONTH_UNSPECIFIED JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER',
    ),
  ),
  google(
    'phone_number',
    `message PhoneNumber { message ShortCode { ${scalars('string:region_code string:number')} }
       oneof kind { string e164_number = 1; ShortCode short_code = 2; } string extension = 3; }`,
  ),
  google(
    'postal_address',
    `message PostalAddress { int32 revision = 1; string region_code = 2; string language_code = 3; string postal_code = 4;
       string sorting_code = 5; string administrative_area = 6; string locality = 7; string sublocality = 8;
       repeated string address_lines = 9; repeated string recipients = 10; string organization = 11; }`,
  ),
  google('quaternion', `message Quaternion { ${scalars('double:x double:y double:z double:w')} }`),
  google('timeofday', `message TimeOfDay { ${scalars('int32:hours int32:minutes int32:seconds int32:nanos')} }`),
])

/** Whether a file may import this one though nobody has registered it. */
export function isWellKnown(path: string): boolean {
  return /^(google\/(protobuf|type)\/|confluent\/)/.test(path)
}

/** Adds a well-known file to a root, and those that it imports; one that is none of them, or is there already, changes nothing. */
export function addWellKnown(root: protobuf.Root, path: string, added: Set<string>): void {
  if (added.has(path)) return
  added.add(path)
  const text = TEXTS.get(path)
  if (text === undefined) return
  const { imports = [] } = protobufjs().parse(text, root, { keepCase: true })
  for (const imported of imports) addWellKnown(root, imported, added)
}

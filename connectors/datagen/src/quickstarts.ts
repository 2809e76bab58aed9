/** Schemas that come with the connector, by the names and with the fields that those of Confluent's datagen have. */

export interface Quickstart {
  readonly keyField: string
  /** An Avro schema with annotations, as `schema.string` has it. */
  readonly schema: Readonly<Record<string, unknown>>
}

type Annotated = Readonly<Record<string, unknown>>
type Fields = Readonly<Record<string, unknown>>

const text = (notes: Annotated): unknown => ({ type: 'string', 'arg.properties': notes })
const regex = (pattern: string): unknown => text({ regex: pattern })
const among = (...options: readonly string[]): unknown => text({ options })
const int = (min: number, max: number): unknown => ({ type: 'int', 'arg.properties': { range: { min, max } } })
const long = (min: number, max: number): unknown => ({ type: 'long', 'arg.properties': { range: { min, max } } })
const double = (min: number, max: number): unknown => ({ type: 'double', 'arg.properties': { range: { min, max } } })
const counted = (type: 'int' | 'long', start: number, step = 1): unknown => ({
  type,
  'arg.properties': { iteration: { start, step } },
})
const codes = (...options: readonly number[]): unknown => ({ type: 'int', 'arg.properties': { options } })

function record(name: string, keyField: string, fields: Fields, namespace = 'datagen'): Quickstart {
  const list = Object.entries(fields).map(([field, type]) => ({ name: field, type }))
  return { keyField, schema: { type: 'record', name, namespace, fields: list } }
}

const USER = regex('User_[1-9]')
const YEAR_2017 = 1_487_715_775_521
const YEAR_2018 = 1_519_273_364_600
const ADDRESS = record('address', '', {
  city: regex('City_[1-9][0-9]?'),
  state: regex('State_[1-9][0-9]?'),
  zipcode: long(10_000, 99_999),
}).schema
const AGENTS = among(
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/59.0.3071.115 Safari/537.36',
)
const PAGES = among(
  'GET /index.html HTTP/1.1',
  'GET /site/login.html HTTP/1.1',
  'GET /site/user_status.html HTTP/1.1',
  'GET /images/track.png HTTP/1.1',
  'GET /images/logo-small.png HTTP/1.1',
)
const ITEM_TYPES = among('book', 'toy', 'shoes', 'lamp', 'phone', 'chair', 'bicycle', 'coffee')

export const QUICKSTARTS = {
  users: record('users', 'userid', {
    registertime: long(YEAR_2017, YEAR_2018),
    userid: USER,
    regionid: regex('Region_[1-9]'),
    gender: among('MALE', 'FEMALE', 'OTHER'),
  }),
  pageviews: record('pageviews', 'viewtime', {
    viewtime: counted('long', 1, 10),
    userid: USER,
    pageid: regex('Page_[1-9][0-9]?'),
  }),
  orders: record('orders', 'orderid', {
    ordertime: long(YEAR_2017, YEAR_2018),
    orderid: counted('int', 0),
    itemid: regex('Item_[1-9][0-9]{0,2}'),
    orderunits: double(0.1, 10),
    address: ADDRESS,
  }),
  ratings: record('ratings', 'rating_id', {
    rating_id: counted('long', 1),
    user_id: int(1, 20),
    stars: int(1, 6),
    route_id: int(1, 10_000),
    rating_time: counted('long', 1, 15),
    channel: among('web', 'ios', 'android', 'ios-test'),
    message: among(
      'why is it so difficult to keep the bathrooms clean?',
      'the crew were friendly, and the coffee was hot',
      'worst. flight. ever.',
      'on time, as always',
      'my suitcase is still somewhere else',
    ),
  }),
  clickstream: record('clickstream', 'ip', {
    ip: regex('(111|122|222|233)\\.(90|145|152|168|173|203|249)\\.[1-9]{2}\\.[1-9]{2}'),
    userid: int(1, 40),
    remote_user: among('-'),
    time: counted('long', 1, 10),
    _time: counted('long', 1, 10),
    request: PAGES,
    status: among('200', '302', '404', '405', '406', '407'),
    bytes: among('278', '1289', '2048', '4096', '4006', '14096'),
    referrer: among('-'),
    agent: AGENTS,
  }),
  clickstream_codes: record('clickstream_codes', 'code', {
    code: codes(200, 302, 404, 405, 406, 407),
    definition: among('Successful', 'Redirect', 'Page not found', 'Method not allowed', 'Not acceptable'),
  }),
  clickstream_users: record('clickstream_users', 'user_id', {
    user_id: counted('int', 1),
    username: regex('[A-Z][a-z]{3,8}_[0-9]{2,4}'),
    registered_at: long(YEAR_2017, YEAR_2018),
    first_name: among(
      'Elwyn',
      'Curran',
      'Hanson',
      'Woodrow',
      'Ferd',
      'Reeva',
      'Antonio',
      'Arlyne',
      'Dimitri',
      'Oriana',
    ),
    last_name: among(
      'Vanyard',
      'Lalonde',
      'Garrity',
      'Coen',
      'Pask',
      'Kleeman',
      'Grenfell',
      'Trice',
      'Padula',
      'Dotson',
    ),
    city: among('Palo Alto', 'San Francisco', 'Raleigh', 'London', 'Frankfurt', 'New York'),
    level: among('Gold', 'Silver', 'Platinum'),
  }),
  stock_trades: record('StockTrade', 'symbol', {
    side: among('BUY', 'SELL'),
    quantity: int(1, 5000),
    symbol: among('ZBZX', 'ZJZZT', 'ZTEST', 'ZVV', 'ZVZZT', 'ZWZZT', 'ZXZZT'),
    price: int(5, 1000),
    account: regex('(ABC123|LMN456|XYZ789)'),
    userid: USER,
  }),
  inventory: record('inventory', 'id', {
    id: counted('long', 1),
    quantity: int(1, 10_000),
    productid: counted('long', 1),
  }),
  product: record('product', 'id', {
    id: counted('long', 1),
    name: regex('Product_[1-9][0-9]{0,3}'),
    description: regex('[a-z]{4,9}( [a-z]{2,9}){2,6}'),
    price: { type: 'float', 'arg.properties': { range: { min: 1, max: 1000 } } },
  }),
  purchases: record('purchases', 'id', {
    id: counted('long', 0),
    item_type: ITEM_TYPES,
    quantity: int(1, 10),
    price_per_unit: double(0.99, 99.99),
  }),
  transactions: record('transactions', 'transaction_id', {
    transaction_id: counted('long', 1),
    card_id: int(1, 21),
    user_id: regex('User_[1-9]?'),
    purchase_id: counted('long', 0),
    store_id: int(1, 8),
  }),
  stores: record('stores', 'store_id', {
    store_id: counted('int', 1),
    city: among('San Francisco', 'San Jose', 'Austin', 'Berlin', 'Oslo', 'Lyon', 'Leeds'),
    state: regex('[A-Z]{2}'),
  }),
  credit_cards: record('credit_cards', 'card_id', {
    card_id: counted('int', 1),
    card_number: regex('4[0-9]{15}'),
    cvv: regex('[1-9][0-9]{2}'),
    expiration_date: regex('(0[1-9]|1[0-2])/2[6-9]'),
  }),
} as const satisfies Readonly<Record<string, Quickstart>>

export type QuickstartName = keyof typeof QUICKSTARTS
export const QUICKSTART_NAMES = Object.keys(QUICKSTARTS) as readonly QuickstartName[]

/** Settings as they arrive: text by name, as in a properties file or a connector's JSON. */
export type RawSettings = Readonly<Record<string, string>>
export type SettingsShape = Readonly<Record<string, unknown>>
export interface SettingsDeclaration<S extends SettingsShape> {
  readonly shape: S
}
export type SettingsOf<S extends SettingsShape> = S

/** Identifies one kind of data that a strategy keeps for the duration of a call. Each strategy creates its own keys. */
export class NoteKey<T> {
  declare protected readonly type: T;
}

/** The data that strategies keep for the duration of a call. */
export interface CallNotes {
  get<T>(key: NoteKey<T>): T | undefined;
  set<T>(key: NoteKey<T>, value: T): unknown;
}

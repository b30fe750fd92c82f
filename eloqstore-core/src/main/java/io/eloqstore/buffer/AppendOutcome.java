/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.buffer;

/** How an attempt to extend a buffered value ended. */
public enum AppendOutcome {
  /** The bytes are part of the value now. */
  EXTENDED,
  /** The buffer holds no plain value for the key: nothing, a tombstone or a large value. */
  NOT_PRESENT,
  /** The joined value would be longer than allowed; nothing changed. */
  TOO_LARGE,
  /** The budget gave no memory; nothing changed. */
  NO_MEMORY
}

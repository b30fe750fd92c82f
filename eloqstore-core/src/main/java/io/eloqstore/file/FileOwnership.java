/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

/** Who may delete a data file. */
public enum FileOwnership {
  /**
   * The partition alone uses it: its collector deletes it when no root, archive or pin needs it.
   */
  PRIVATE,
  /**
   * An archive, image or checkpoint names it too: nobody deletes it until the last of them is given
   * up, which makes it {@link #PRIVATE} again.
   */
  SHARED_WITH_SNAPSHOT,
  /**
   * It belongs to another store or to the guest, and is only read here: the partition never writes
   * or deletes it, its owner does.
   */
  FOREIGN;

  /** Whether the partition may delete it now. */
  public boolean isDeletable() {
    return this == PRIVATE;
  }

  /** Whether the partition may write to it. */
  public boolean isWritable() {
    return this == PRIVATE;
  }
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * Why the engine refused or failed. The text of the exception says what, where, expected, found.
 */
public enum StoreErrorCode {
  /** An argument is null, empty or too large; nothing was changed. */
  INVALID_ARGUMENT,
  /** The store, partition or iterator was closed before the call. */
  CLOSED,
  /** There is no such store, partition, file or snapshot. */
  NOT_FOUND,
  /** Somebody else has the partition open. */
  BUSY,
  /** The files were written with other identity options than those asked for. */
  IDENTITY_MISMATCH,
  /** Another owner with a higher term has taken the partition over. */
  EXPIRED_TERM,
  /** The files are of a newer or a foreign format. */
  UNSUPPORTED_FORMAT,
  /** Bytes on disk are not what they must be. */
  CORRUPTED,
  /** The memory budget cannot hold what must stay in memory. */
  OUT_OF_MEMORY,
  /** The disk is full. */
  OUT_OF_SPACE,
  /** The file system refused access: read-only, or no permission. */
  NO_PERMISSION,
  /** A read, write or force failed. */
  IO_FAILED,
  /** An earlier write or force failed: reads go on, writes are refused until the next open. */
  POISONED
}

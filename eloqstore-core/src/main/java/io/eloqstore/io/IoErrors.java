/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;

/** Turns what the platform throws into the engine's own error. Stateless. */
final class IoErrors {
  private IoErrors() {}

  /** A failure that concerns a path as a whole. */
  static StoreException of(String deed, Path path, Exception cause) {
    return new StoreException(
        code(path, 0, cause), deed + " " + path + ": " + reason(cause), cause);
  }

  /** A failure of a transfer. */
  static StoreException of(String deed, Path path, long offset, long length, Exception cause) {
    return new StoreException(
        code(path, length, cause),
        deed
            + " of "
            + length
            + " bytes at offset "
            + offset
            + " of "
            + path
            + ": "
            + reason(cause),
        cause);
  }

  static StoreException closed(String deed, Path path) {
    return new StoreException(StoreErrorCode.CLOSED, deed + " " + path + ": it was closed before");
  }

  private static String reason(Exception cause) {
    return cause.getClass().getSimpleName() + ": " + cause.getMessage();
  }

  private static StoreErrorCode code(Path path, long length, Exception cause) {
    if (cause instanceof NoSuchFileException) {
      return StoreErrorCode.NOT_FOUND;
    }
    String message = String.valueOf(cause.getMessage());
    if (cause instanceof AccessDeniedException
        || cause instanceof ReadOnlyFileSystemException
        || message.contains("Read-only file system")
        || message.contains("Operation not permitted")
        || message.contains("Permission denied")) {
      return StoreErrorCode.NO_PERMISSION;
    }
    if (message.contains("No space left")
        || message.contains("quota exceeded")
        || isFull(path, length)) {
      return StoreErrorCode.OUT_OF_SPACE;
    }
    return StoreErrorCode.IO_FAILED;
  }

  /** The system's words depend on the locale, and a failed force says nothing: ask the disk. */
  private static boolean isFull(Path path, long length) {
    try {
      Path known = Files.exists(path) ? path : path.toAbsolutePath().getParent();
      return known != null
          && Files.exists(known)
          && Files.getFileStore(known).getUsableSpace() <= length;
    } catch (IOException | SecurityException e) {
      // The disk that fails may fail to answer too; the first error is the one to report.
      return false;
    }
  }
}

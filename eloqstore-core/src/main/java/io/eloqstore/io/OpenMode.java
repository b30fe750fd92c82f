/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

/** What a file is opened for. */
public enum OpenMode {
  /** An existing file, read only. */
  READ,
  /** Read and write; created when absent. */
  WRITE,
  /** Read and write; fails with {@code IO_FAILED} if the file exists. */
  CREATE_NEW
}

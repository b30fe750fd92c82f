/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import java.nio.file.Path;

/** A held lock; see {@link IoBackend#lock}. Any thread. */
public interface FileLease extends AutoCloseable {
  /** The lock file. */
  Path path();

  /** Removes the lock file and releases the lock; does nothing the second time. */
  @Override
  void close();
}

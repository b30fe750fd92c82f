/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** What a backend has open, so that a leak is found and named. Any thread. */
final class OpenFiles {
  /** Something that was opened. */
  interface Handle extends AutoCloseable {
    Path path();

    @Override
    void close();
  }

  private final Set<Handle> handles = ConcurrentHashMap.newKeySet();

  void add(Handle handle) {
    handles.add(handle);
  }

  void remove(Handle handle) {
    handles.remove(handle);
  }

  int count() {
    return handles.size();
  }

  void forEach(Consumer<Handle> action) {
    handles.forEach(action);
  }

  /** Closes what is left and says what it was. */
  void closeAll() {
    Set<Path> leaked = new TreeSet<>();
    RuntimeException first = null;
    for (Handle handle : handles) {
      leaked.add(handle.path());
      try {
        handle.close();
      } catch (RuntimeException e) {
        first = e;
      }
    }
    if (!leaked.isEmpty()) {
      throw new IllegalStateException("files were not closed: " + leaked, first);
    }
  }
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.flink.runtime.state.CheckpointStateOutputStream;
import org.apache.flink.runtime.state.CheckpointStreamFactory;
import org.apache.flink.runtime.state.CheckpointedStateScope;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.memory.ByteStreamStateHandle;

/** Checkpoint storage in memory that knows what lies in it, and fails when it is told to. */
final class CountingStreamFactory implements CheckpointStreamFactory {
  private final Set<String> stored = new HashSet<>();
  private final List<CheckpointedStateScope> scopes = new ArrayList<>();
  private final List<StreamStateHandle> reused = new ArrayList<>();
  private long bytes;
  private int opened;
  private int open;
  private int failAt = -1;
  private boolean reusable = true;

  /** Makes the stream with that number (from 0) fail when it is finished. */
  synchronized void failAt(int stream) {
    failAt = stream;
    opened = 0;
  }

  synchronized void forbidReuse() {
    reusable = false;
  }

  /** Names of what was written and not discarded. */
  synchronized Set<String> stored() {
    return new HashSet<>(stored);
  }

  synchronized List<CheckpointedStateScope> scopes() {
    return new ArrayList<>(scopes);
  }

  synchronized List<StreamStateHandle> reused() {
    return new ArrayList<>(reused);
  }

  /** Bytes written since the last call. */
  synchronized long takeBytes() {
    long taken = bytes;
    bytes = 0;
    scopes.clear();
    return taken;
  }

  synchronized int openStreams() {
    return open;
  }

  @Override
  public synchronized CheckpointStateOutputStream createCheckpointStateOutputStream(
      CheckpointedStateScope scope) {
    boolean fails = opened++ == failAt;
    open++;
    scopes.add(scope);
    return new Stream(fails);
  }

  @Override
  public boolean canFastDuplicate(StreamStateHandle handle, CheckpointedStateScope scope) {
    return false;
  }

  @Override
  public List<StreamStateHandle> duplicate(
      List<StreamStateHandle> handles, CheckpointedStateScope scope) {
    throw new UnsupportedOperationException();
  }

  @Override
  public synchronized boolean couldReuseStateHandle(StreamStateHandle handle) {
    return reusable;
  }

  @Override
  public synchronized void reusePreviousStateHandle(
      Collection<? extends StreamStateHandle> handles) {
    reused.addAll(handles);
  }

  private final class Stream extends CheckpointStateOutputStream {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final boolean fails;
    private boolean closed;

    Stream(boolean fails) {
      this.fails = fails;
    }

    @Override
    public StreamStateHandle closeAndGetHandle() throws IOException {
      if (fails) {
        throw new IOException("the storage failed as told");
      }
      close();
      String name = UUID.randomUUID().toString();
      synchronized (CountingStreamFactory.this) {
        stored.add(name);
        bytes += out.size();
      }
      return new Stored(name, out.toByteArray());
    }

    @Override
    public void write(int b) {
      out.write(b);
    }

    @Override
    public void write(byte[] source, int offset, int length) {
      out.write(source, offset, length);
    }

    @Override
    public long getPos() {
      return out.size();
    }

    @Override
    public void flush() {
      // Nothing is buffered.
    }

    @Override
    public void sync() {
      // Nothing is buffered.
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        synchronized (CountingStreamFactory.this) {
          open--;
        }
      }
    }
  }

  private final class Stored extends ByteStreamStateHandle {
    private static final long serialVersionUID = 1L;

    Stored(String name, byte[] data) {
      super(name, data);
    }

    @Override
    public void discardState() {
      synchronized (CountingStreamFactory.this) {
        stored.remove(getHandleName());
      }
    }
  }
}

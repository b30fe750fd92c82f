/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;

/**
 * A file channel that survives interrupts.
 *
 * <p>A thread that is interrupted in file I/O closes the channel under every thread that uses it.
 * Here each of them notices, one opens the file again, and all repeat their step; that is right
 * because positions are absolute, so a step done twice is a step done once. The flag of the
 * interrupted thread is taken off during the step (with it, the new channel would be closed at
 * once) and is set again afterwards.
 *
 * <p>Any thread.
 */
final class ReopeningChannel {
  /** Opens the file; called again after an interrupt. */
  @FunctionalInterface
  interface Opener {
    FileChannel open() throws IOException;
  }

  /** After so many failures a step gets a channel of its own, which others cannot close. */
  private static final int SHARED_ATTEMPTS_MAX = 16;

  /** More than this many interrupts within one step is a fault of the program. */
  private static final int ATTEMPTS_MAX = 10_000;

  private enum Step {
    READ,
    WRITE,
    SIZE
  }

  private final Opener opener;
  // Who finds it open again need not reopen: another thread did.
  private volatile FileChannel channel;
  private boolean closed;

  /**
   * @param channel open now
   * @param opener makes the next ones
   */
  ReopeningChannel(FileChannel channel, Opener opener) {
    this.channel = channel;
    this.opener = opener;
  }

  /** As {@link FileChannel#read(ByteBuffer, long)}. */
  int read(ByteBuffer target, long position) throws IOException {
    return (int) run(Step.READ, target, position);
  }

  /** As {@link FileChannel#write(ByteBuffer, long)}. */
  int write(ByteBuffer source, long position) throws IOException {
    return (int) run(Step.WRITE, source, position);
  }

  long size() throws IOException {
    return run(Step.SIZE, null, 0);
  }

  private long run(Step step, ByteBuffer buffer, long position) throws IOException {
    boolean interrupted = Thread.interrupted();
    int start = buffer == null ? 0 : buffer.position();
    try {
      for (int attempts = 1; attempts <= ATTEMPTS_MAX; attempts++) {
        boolean isShared = attempts <= SHARED_ATTEMPTS_MAX;
        FileChannel current = isShared ? channel : opener.open();
        try {
          return attempt(step, current, buffer, position);
        } catch (IOException e) {
          if (current.isOpen()) {
            throw e;
          }
        } finally {
          if (!isShared) {
            current.close();
          }
        }
        interrupted |= Thread.interrupted();
        if (buffer != null) {
          // A transfer may have moved bytes before it noticed the interrupt.
          buffer.position(start);
        }
        if (isShared) {
          reopen();
        }
      }
      throw new IOException("interrupted " + ATTEMPTS_MAX + " times within one step");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static long attempt(Step step, FileChannel channel, ByteBuffer buffer, long position)
      throws IOException {
    if (step == Step.READ) {
      return channel.read(buffer, position);
    }
    return step == Step.WRITE ? channel.write(buffer, position) : channel.size();
  }

  private synchronized void reopen() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    if (!channel.isOpen()) {
      channel = opener.open();
    }
  }

  /** Steps under way in other threads end with {@link ClosedChannelException}. */
  synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }
}

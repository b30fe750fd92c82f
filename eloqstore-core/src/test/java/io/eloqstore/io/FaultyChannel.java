/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * A channel that moves few bytes at a time, fails every write with given words, or interrupts the
 * thread that uses it.
 */
final class FaultyChannel extends FileChannel {
  private final FileChannel inner;
  private final int bytesMax;
  private final String writeFailure;
  private final boolean interrupts;

  FaultyChannel(FileChannel inner, int bytesMax) {
    this.inner = inner;
    this.bytesMax = bytesMax;
    this.writeFailure = null;
    this.interrupts = false;
  }

  FaultyChannel(FileChannel inner, String writeFailure) {
    this.inner = inner;
    this.bytesMax = Integer.MAX_VALUE;
    this.writeFailure = writeFailure;
    this.interrupts = false;
  }

  private FaultyChannel(FileChannel inner) {
    this.inner = inner;
    this.bytesMax = Integer.MAX_VALUE;
    this.writeFailure = null;
    this.interrupts = true;
  }

  /** Its every transfer is hit by an interrupt, which closes it. */
  static FaultyChannel interrupting(FileChannel inner) {
    return new FaultyChannel(inner);
  }

  private void interrupt() throws IOException {
    if (interrupts) {
      // The inner channel closes itself; so must the outer one, as a real one would.
      Thread.currentThread().interrupt();
      close();
    }
  }

  @Override
  public int read(ByteBuffer target, long position) throws IOException {
    interrupt();
    int end = target.limit();
    target.limit(Math.min(end, target.position() + Math.min(bytesMax, target.remaining())));
    try {
      return inner.read(target, position);
    } finally {
      target.limit(end);
    }
  }

  @Override
  public int write(ByteBuffer source, long position) throws IOException {
    interrupt();
    if (writeFailure != null) {
      throw new IOException(writeFailure);
    }
    int end = source.limit();
    source.limit(Math.min(end, source.position() + Math.min(bytesMax, source.remaining())));
    try {
      return inner.write(source, position);
    } finally {
      source.limit(end);
    }
  }

  @Override
  public long size() throws IOException {
    return inner.size();
  }

  @Override
  public void force(boolean metaData) throws IOException {
    inner.force(metaData);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    inner.close();
  }

  private static UnsupportedOperationException unused() {
    return new UnsupportedOperationException("the engine uses absolute positions only");
  }

  @Override
  public int read(ByteBuffer target) {
    throw unused();
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) {
    throw unused();
  }

  @Override
  public int write(ByteBuffer source) {
    throw unused();
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) {
    throw unused();
  }

  @Override
  public long position() {
    throw unused();
  }

  @Override
  public FileChannel position(long newPosition) {
    throw unused();
  }

  @Override
  public FileChannel truncate(long size) {
    throw unused();
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) {
    throw unused();
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count) {
    throw unused();
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) {
    throw unused();
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) {
    throw unused();
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) {
    throw unused();
  }
}

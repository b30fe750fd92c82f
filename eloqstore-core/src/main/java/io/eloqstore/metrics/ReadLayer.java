/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.metrics;

/** Where a point read was answered. */
public enum ReadLayer {
  BUFFER,
  FROZEN,
  FRAME,
  DISK
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/** How a step of a point read ended. */
public enum ReadResult {
  /** The key is there; value, times and flags were copied out. */
  FOUND,
  /** The key is not there. */
  ABSENT,
  /** A page is missing in the cache; the read stands before it. */
  PENDING
}

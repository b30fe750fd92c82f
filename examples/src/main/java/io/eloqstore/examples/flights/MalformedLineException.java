/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

/** A line is no flight; the message says why, without the line's number. */
public final class MalformedLineException extends Exception {
  private static final long serialVersionUID = 1L;

  MalformedLineException(String reason) {
    super(reason);
  }
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

/** Bytes that do not follow the format; the message says where and what was expected. */
public final class DecodeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DecodeException(String message) {
    super(message);
  }
}

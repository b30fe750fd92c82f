/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/** Any refusal or failure of the engine. The message names what, where, expected and found. */
public class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final StoreErrorCode code;

  public StoreException(StoreErrorCode code, String message) {
    super(message);
    this.code = code;
  }

  public StoreException(StoreErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  public StoreErrorCode code() {
    return code;
  }
}

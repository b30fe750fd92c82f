/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/** The time that expiry is judged by; injected, so that tests set it. */
@FunctionalInterface
public interface StoreClock {

  /** Milliseconds since the epoch. */
  long nowMs();

  /** The clock of the machine. */
  static StoreClock system() {
    return System::currentTimeMillis;
  }
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/** Takes the answers of a read of several keys, in the order of the keys. */
@FunctionalInterface
public interface ValueConsumer {

  /**
   * @param index of the key in the array that was asked for
   * @param value valid during the call only; {@code null} when the key is absent
   */
  void accept(int index, ValueBuffer value);
}

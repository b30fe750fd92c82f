/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.ValueBuffer;

/** Takes rows of a scan; the arrays are valid during the call only. */
@FunctionalInterface
interface RowConsumer {

  /**
   * @return whether to go on
   */
  boolean accept(byte[] key, int keyLength, ValueBuffer value);
}

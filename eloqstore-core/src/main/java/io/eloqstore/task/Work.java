/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.task;

import io.eloqstore.api.OwnedPartition;

/** What a request does with its partition, on the serving thread. */
@FunctionalInterface
interface Work<T> {
  T run(OwnedPartition partition);
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
/**
 * The write buffer of a partition: an adaptive radix tree over blocks of the memory budget.
 *
 * <p>One thread writes, any thread reads without a lock. Layouts and reasons are in {@code
 * docs/decisions/0003-write-buffer.md}.
 */
package io.eloqstore.buffer;

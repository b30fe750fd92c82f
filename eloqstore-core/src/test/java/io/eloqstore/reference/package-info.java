/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * A second reader of the on-disk format, written from the format document alone.
 *
 * <p>It checks the engine, so it shares no code with it: nothing here imports another package of
 * the engine. It reads whole stores into the heap and is made to be plain, not fast.
 */
package io.eloqstore.reference;

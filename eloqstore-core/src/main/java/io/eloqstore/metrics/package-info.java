/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * Counters that are always on: what the engine has done so far. Who reads them gets values of
 * {@code api}.
 */
package io.eloqstore.metrics;

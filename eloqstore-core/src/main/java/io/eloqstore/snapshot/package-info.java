/*
 * Licensed under the Apache License, Version 2.0.
 */

/** What is done with whole snapshots of partitions that are not open. */
package io.eloqstore.snapshot;

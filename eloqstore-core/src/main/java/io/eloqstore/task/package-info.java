/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * Requests to served partitions: queued by any thread, done by the serving thread of the shard,
 * writes published in groups.
 */
package io.eloqstore.task;

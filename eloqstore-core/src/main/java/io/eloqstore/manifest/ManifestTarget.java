/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.io.IoBackend;
import io.eloqstore.memory.MemoryBudget;
import java.nio.file.Path;

/**
 * Where and how a manifest is written.
 *
 * @param io its arena is that of the budget
 * @param budget for I/O blocks
 * @param path {@code manifest_<term>} in the directory of the partition
 * @param term of data files first used from now on, and of the manifest's own entry
 * @param durable whether each record is forced before it counts
 * @param logBytesMax see {@link ManifestWriter}
 */
public record ManifestTarget(
    IoBackend io, MemoryBudget budget, Path path, long term, boolean durable, long logBytesMax) {}

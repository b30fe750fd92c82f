/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * Block I/O between files and the arena of a memory budget, and the file-system deeds around it.
 *
 * <p>{@link io.eloqstore.io.IoBackend} is the one interface; {@link io.eloqstore.io.NioBackend} is
 * the disk (buffered or direct), {@link io.eloqstore.io.MemoryBackend} a file system on the heap
 * with fault injection. Every error is a {@link io.eloqstore.api.StoreException}.
 */
package io.eloqstore.io;

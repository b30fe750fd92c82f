/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * Numbers of variable length, checksums and the compression of values: what all stored bytes are
 * made of. The only user of zstd, which need not be there.
 */
package io.eloqstore.codec;

/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * The manifest of a partition: a log of roots. A snapshot record with the whole mapping comes
 * first, log records with what changed follow.
 *
 * <p>Bytes: {@code docs/format/manifest.md}. {@link io.eloqstore.manifest.ManifestWriter} appends
 * and rolls, {@link io.eloqstore.manifest.ManifestReader} replays, {@link
 * io.eloqstore.manifest.ManifestDump} lists.
 */
package io.eloqstore.manifest;

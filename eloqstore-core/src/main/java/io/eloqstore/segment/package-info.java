/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * Change segments: sorted changes that were committed and are not in the tree yet, each in a data
 * file of its own, as a packed tree whose leaves hold changes ({@link
 * io.eloqstore.page.SegmentChange}) and whose index pages hold the fence keys. {@code
 * docs/format/segments.md} has the bytes.
 */
package io.eloqstore.segment;

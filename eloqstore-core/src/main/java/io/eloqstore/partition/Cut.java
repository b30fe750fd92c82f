/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.KeyRange;

/**
 * A range delete that is not in the tree yet: it hides every older write in its range.
 *
 * @param range what is deleted
 * @param sequence operation sequence number; a record with a higher one is not hidden
 */
record Cut(KeyRange range, long sequence) {}

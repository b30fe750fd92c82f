/*
 * Licensed under the Apache License, Version 2.0.
 */

/** Numbers of variable length and checksums: what all stored bytes are made of. */
package io.eloqstore.codec;

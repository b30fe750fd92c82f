/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/**
 * How pages are written.
 *
 * @param leafRestartInterval entries between two restarts of a leaf, at least 1
 * @param indexRestartInterval entries between two restarts of an index page, at least 1
 * @param fill how full pages are kept
 */
public record TreeOptions(int leafRestartInterval, int indexRestartInterval, FillPolicy fill) {
  /** The defaults of the format. */
  public static final TreeOptions STANDARD = new TreeOptions(16, 16, FillPolicy.STANDARD);
}

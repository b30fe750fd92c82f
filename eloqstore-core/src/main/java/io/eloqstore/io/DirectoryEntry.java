/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

/**
 * What a directory holds under one name.
 *
 * @param name last element of the path
 * @param isDirectory whether it is a directory, also through a symbolic link
 * @param bytes length of a file; of no meaning for a directory
 */
public record DirectoryEntry(String name, boolean isDirectory, long bytes) {}

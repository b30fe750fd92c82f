/*
 * Licensed under the Apache License, Version 2.0.
 */
/**
 * The command line: looks into partitions, loads and tends them. Each command prints its result,
 * and nothing else, to standard output.
 */
package io.eloqstore.cli;

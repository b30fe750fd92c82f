/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * The files of a store: their names, who may delete them, the data files of one partition, and the
 * directories they lie in.
 */
package io.eloqstore.file;

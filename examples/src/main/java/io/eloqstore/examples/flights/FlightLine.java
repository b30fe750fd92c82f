/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

/**
 * One line of the input, not yet looked at.
 *
 * @param ordinal number of the line over all passes, from 1
 * @param pass how often the file was read to its end before, from 0
 * @param number number of the line in the file, from 1
 * @param text the line without its end
 */
public record FlightLine(long ordinal, int pass, long number, String text) {}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;

/** The child of {@link ChildJvmTest}: does what its first argument says. */
final class TalkingChild {
  private TalkingChild() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    switch (arguments[0]) {
      case "exit" -> {
        System.out.println("argument " + arguments[1]);
        System.err.println("a word on stderr");
        System.exit(Integer.parseInt(arguments[2]));
      }
      case "count" -> count(Path.of(arguments[1]));
      case "cut" -> {
        System.out.print("whole\nhal");
        System.out.flush();
        new CountDownLatch(1).await();
      }
      case "hang" -> new CountDownLatch(1).await();
      case "echo" -> echo();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  /** Appends a byte to the file, then says so: the file is never behind what was said. */
  private static void count(Path file) throws IOException {
    for (long step = 1; ; step++) {
      Files.write(file, new byte[] {1}, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      System.out.println("step " + step);
    }
  }

  private static void echo() throws IOException {
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      System.out.println("heard " + line);
    }
  }
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A JVM that a test starts, listens to, and kills.
 *
 * <p>The child says on its standard output how far it came, one line for each step; the test reads
 * the lines and kills when it has read enough. The child runs on meanwhile until the pipe is full,
 * so kills fall at different moments. Used by one thread.
 *
 * <ul>
 *   <li>Only lines that end in a newline are lines: what a kill cut short is {@link #cutLine()}.
 *   <li>No line is lost: {@link #kill()} gives those that the child had written but nobody had
 *       read. What they say had happened before the kill.
 *   <li>The child lives at most as long as the limit given at the start; when it had to be ended
 *       for that, each method throws.
 * </ul>
 */
public final class ChildJvm implements AutoCloseable {
  /** Exit code of a JVM that SIGKILL ended. */
  public static final int KILLED = 128 + 9;

  private static final int LINE_BYTES_MAX = 1 << 20;
  private static final int ERROR_BYTES_SHOWN = 8192;

  private final Process process;
  private final Path errors;
  private final InputStream output;
  private final Duration limit;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final List<String> lines = new ArrayList<>();
  private volatile boolean overdue;

  private ChildJvm(Process process, Path errors, Duration limit) {
    this.process = process;
    this.errors = errors;
    this.output = process.getInputStream();
    this.limit = limit;
  }

  /**
   * Starts {@code java} with the class path of this JVM.
   *
   * @param main class with the main method
   * @param limit longest life of the child; generous, as it only bounds a child that hangs
   * @param jvmFlags flags for the child, such as {@code -Xmx256m}
   * @param arguments arguments of the main method
   */
  public static ChildJvm start(
      Class<?> main, Duration limit, List<String> jvmFlags, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Faster to start, and it leaves the second core to others.
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(jvmFlags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    Path errors = Files.createTempFile("child-jvm", ".err");
    Process process;
    try {
      process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    } catch (IOException e) {
      Files.delete(errors);
      throw e;
    }
    ChildJvm child = new ChildJvm(process, errors, limit);
    child.watch();
    return child;
  }

  private void watch() {
    process
        .onExit()
        .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
        .whenComplete(
            (ended, failure) -> {
              if (failure instanceof TimeoutException) {
                overdue = true;
                signalKill();
              }
            });
  }

  /** The next line; waits for it. Null when the child has ended its output. */
  public String nextLine() throws IOException {
    int next = output.read();
    while (next >= 0) {
      if (next == '\n') {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        lines.add(text);
        return text;
      }
      if (line.size() == LINE_BYTES_MAX) {
        throw new IOException("the child wrote a line of over " + LINE_BYTES_MAX + " bytes");
      }
      line.write(next);
      next = output.read();
    }
    throwIfOverdue();
    return null;
  }

  /**
   * Reads lines up to the first that begins so, and returns it.
   *
   * @throws AssertionError if the output ends before; it holds what the child wrote
   */
  public String awaitLine(String prefix) throws IOException {
    String next = nextLine();
    while (next != null && !next.startsWith(prefix)) {
      next = nextLine();
    }
    if (next == null) {
      throw new AssertionError("the child ended before '" + prefix + "'" + report());
    }
    return next;
  }

  /** Writes a line to the standard input of the child, at once. */
  public void send(String text) throws IOException {
    OutputStream input = process.getOutputStream();
    input.write((text + '\n').getBytes(StandardCharsets.UTF_8));
    input.flush();
  }

  /**
   * Ends the child by SIGKILL and waits until it is gone.
   *
   * @return the lines that were written but not read yet
   */
  public List<String> kill() throws IOException, InterruptedException {
    signalKill();
    return rest();
  }

  /** Reads to the end of the output, waits for the child to exit, and returns its exit code. */
  public int awaitExit() throws IOException, InterruptedException {
    rest();
    return process.exitValue();
  }

  /** Exit code of an ended child; {@link #KILLED} if it was killed. */
  public int exitCode() {
    return process.exitValue();
  }

  public boolean alive() {
    return process.isAlive();
  }

  /** All lines read so far. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** What followed the last newline; empty unless the child ended within a line. */
  public String cutLine() {
    return line.toString(StandardCharsets.UTF_8);
  }

  /** The end of what the child wrote to standard error. */
  public String errorOutput() throws IOException {
    byte[] all = Files.readAllBytes(errors);
    int start = Math.max(0, all.length - ERROR_BYTES_SHOWN);
    return new String(all, start, all.length - start, StandardCharsets.UTF_8);
  }

  /** Kills the child if it still lives. */
  @Override
  public void close() throws IOException {
    signalKill();
    process.onExit().join();
    try {
      output.close();
      process.getOutputStream().close();
    } finally {
      Files.deleteIfExists(errors);
    }
  }

  private List<String> rest() throws IOException, InterruptedException {
    int before = lines.size();
    String next = nextLine();
    while (next != null) {
      next = nextLine();
    }
    process.waitFor();
    throwIfOverdue();
    return List.copyOf(lines.subList(before, lines.size()));
  }

  /** Sends the signal only: {@code Process.destroyForcibly} also closes the pipe with its lines. */
  private void signalKill() {
    process.toHandle().destroyForcibly();
  }

  private void throwIfOverdue() throws IOException {
    if (overdue) {
      throw new IOException("the child was ended after " + limit + report());
    }
  }

  private String report() throws IOException {
    int from = Math.max(0, lines.size() - 20);
    return "; last lines " + lines.subList(from, lines.size()) + ", errors:\n" + errorOutput();
  }
}

/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreClock;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code eloqstore}.
 *
 * <p>Exit codes: 0 when done; 1 when the partition is damaged, or holds no such key; 2 when the
 * command could not be done (usage, no such directory, refused format or options, a failed read or
 * write); 3 for an error in this program.
 */
@Command(
    name = "eloqstore",
    description = "Looks into partitions of EloqStore, loads and tends them.",
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "Exit codes:%n",
    exitCodeList = {
      "0:done",
      "1:the partition is damaged; get: there is no such key",
      "2:could not be done: usage, unreadable, refused",
      "3:an error in this program"
    })
public final class EloqStoreCli implements Runnable {
  static final int DONE = 0;
  static final int DAMAGED = 1;
  static final int ABSENT = 1;
  static final int REFUSED = 2;
  static final int INTERNAL_ERROR = 3;

  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = CommandLine.ScopeType.INHERIT,
      description = "Print this text.")
  private boolean help;

  private EloqStoreCli() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(commandLine(System.in, StoreClock.system()).execute(arguments));
  }

  /**
   * The command with all below it; output and errors can be redirected.
   *
   * @param input what {@code load} reads
   * @param clock the time expiry is judged by
   */
  static CommandLine commandLine(InputStream input, StoreClock clock) {
    return new CommandLine(new EloqStoreCli())
        .addSubcommand(new DumpCommand(clock))
        .addSubcommand(new GetCommand(clock))
        .addSubcommand(new ScanCommand(clock))
        .addSubcommand(new LoadCommand(input))
        .addSubcommand(new ArchiveCommand(clock))
        .addSubcommand(new CompactCommand())
        .addSubcommand(new SealCommand())
        .addSubcommand(new VerifyCommand())
        .addSubcommand(new ManifestCommand())
        .addSubcommand(new StatsCommand())
        .addSubcommand(new PageCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (failure, commandLine, parsed) -> report(failure, commandLine));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing required command");
  }

  private static int report(Exception failure, CommandLine commandLine) {
    if (failure instanceof StoreException || failure instanceof UncheckedIOException) {
      commandLine.getErr().println("eloqstore: " + oneLine(failure.getMessage()));
      return failure instanceof StoreException known && known.code() == StoreErrorCode.CORRUPTED
          ? DAMAGED
          : REFUSED;
    }
    failure.printStackTrace(commandLine.getErr());
    return INTERNAL_ERROR;
  }

  /** Messages may quote names of files; each takes one line whatever is in them. */
  static String oneLine(String message) {
    return message.replaceAll("\\R", " ");
  }
}

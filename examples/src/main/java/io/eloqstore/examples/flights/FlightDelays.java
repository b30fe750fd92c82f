/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.examples.flights;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The main example: flight delays on the EloqStore backend with a failure on purpose, checked
 * against an undisturbed run on Flink's heap backend.
 */
@Command(
    name = "flights",
    description = {
      "Delays of flights by route and by airport, in Flink. The job fails on purpose once at half of"
          + " the input and restarts from its latest checkpoint; then the same job runs undisturbed"
          + " on HashMap, and both outputs are compared row by row.",
      "Exit code 0: the outputs are equal. 1: they are not, or a run failed. 2: wrong options."
    })
public final class FlightDelays implements Callable<Integer> {
  /** The backends that have a short name here; Flink knows {@code hashmap} and {@code rocksdb}. */
  static final Map<String, String> BACKENDS =
      Map.of("eloqstore", "io.eloqstore.flink.EloqStoreStateBackendFactory");

  private static final String REFERENCE_BACKEND = "hashmap";
  private static final String TESTED = "tested";
  private static final String REFERENCE = "reference";
  private static final String BUILT_IN = "/data/flights-2001-q1.csv.gz";
  private static final Duration CHECKPOINT_INTERVAL = Duration.ofSeconds(1);

  /** At the default rate the input takes that long, so that there are some checkpoints. */
  private static final int DEFAULT_SECONDS = 12;

  private static final Logger LOG = LoggerFactory.getLogger(FlightDelays.class);

  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and exit.")
  private boolean helpRequested;

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description =
          "Lines MMDDhhmm,delay,distance,origin,destination in order of time; .gz is unpacked."
              + " Default: the flights of the first quarter of 2001.")
  private Path input;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      defaultValue = "1",
      description = "Read the input N times, with later dates each time. Default: ${DEFAULT-VALUE}")
  private int repeat;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description =
          "Lines per second, 0: as fast as the job takes them. Default: such that a run takes about "
              + DEFAULT_SECONDS
              + " s.")
  private Long rate;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "eloqstore",
      description =
          "State backend under test: eloqstore, or what Flink takes for state.backend.type (a name"
              + " it knows, or the class of a factory), if it is on the class path. Default:"
              + " ${DEFAULT-VALUE}")
  private String backend;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      defaultValue = "${sys:examples.flights.output:-target/flights}",
      description =
          "Where rows, checkpoints and report.html go; those of an earlier run are replaced. Default: ${DEFAULT-VALUE}")
  private Path output;

  /** Runs the command and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** The command; what it throws becomes one line for each cause and exit code 1. */
  static CommandLine commandLine() {
    return new CommandLine(new FlightDelays())
        .setExecutionExceptionHandler(
            (exception, command, parsed) -> {
              LOG.error("the example failed", exception);
              PrintWriter errors = command.getErr();
              errors.println("flights: " + exception.getMessage());
              for (Throwable t = exception.getCause(); t != null; t = t.getCause()) {
                errors.println("  caused by " + t);
              }
              errors.flush();
              return command.getCommandSpec().exitCodeOnExecutionException();
            });
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (repeat < 1) {
      throw new ParameterException(spec.commandLine(), "--repeat must be at least 1");
    }
    if (rate != null && rate < 0) {
      throw new ParameterException(spec.commandLine(), "--rate must not be negative");
    }
    if (input != null && !Files.isRegularFile(input)) {
      throw new ParameterException(spec.commandLine(), "--input: no such file: " + input);
    }
    Path directory = output.toAbsolutePath().normalize();
    Files.createDirectories(directory);
    for (String run : List.of(TESTED, REFERENCE)) {
      delete(directory.resolve(run));
    }
    FlightFile file = FlightFile.survey(input != null ? input : unpackBuiltIn(directory));
    return compare(directory, file);
  }

  private int compare(Path directory, FlightFile file) throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    long lines = file.lines() * repeat;
    long pace = rate != null ? rate : Math.max(1, lines / DEFAULT_SECONDS);
    JobRunner runner =
        new JobRunner(
            line -> {
              out.println(line);
              out.flush();
            });
    String type = BACKENDS.getOrDefault(backend, backend);
    RunResult tested =
        runner.run(
            new JobSettings(
                backend,
                type,
                file,
                repeat,
                pace,
                CHECKPOINT_INTERVAL,
                Math.max(1, lines / 2),
                directory.resolve(TESTED)));
    RunResult reference =
        runner.run(
            new JobSettings(
                REFERENCE_BACKEND,
                REFERENCE_BACKEND,
                file,
                repeat,
                pace,
                CHECKPOINT_INTERVAL,
                0,
                directory.resolve(REFERENCE)));

    List<String> rows = OutputRows.read(tested.settings().rowsDirectory());
    OutputComparison comparison =
        OutputComparison.of(rows, OutputRows.read(reference.settings().rowsDirectory()));
    Findings findings = Findings.of(rows);
    Path report = directory.resolve("report.html");
    String summary = Summary.text(tested, reference, findings, comparison, report);
    String routes = Summary.mostDelayedRoutes(findings);
    Report.write(report, routes + '\n' + summary, tested, findings);
    out.println();
    out.println(routes);
    out.print(summary);
    out.flush();
    return comparison.isEqual() ? 0 : 1;
  }

  /** Deletes what an earlier run left. */
  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> found = Files.walk(directory)) {
      for (Path path : found.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** The built-in input as a file, since Flink's file source reads files. */
  private static Path unpackBuiltIn(Path directory) throws IOException {
    Path file = directory.resolve(Path.of(BUILT_IN).getFileName());
    try (InputStream resource = FlightDelays.class.getResourceAsStream(BUILT_IN)) {
      if (resource == null) {
        throw new IOException(BUILT_IN + " is not on the class path");
      }
      Files.copy(resource, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }
}

package io.holdfast.cli.testbed;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Builds the command line of another Java process with this one's class path and module flags. Has no state. */
public final class JavaCommand {

    private JavaCommand() {
    }

    /**
     * The command line that runs {@code mainClass} as this process would.
     *
     * @param jvmFlags flags of the new process alone (heap, collector)
     */
    public static List<String> of(List<String> jvmFlags, String mainClass, List<String> arguments) {
        return of(classPath(), jvmFlags, mainClass, arguments);
    }

    /** As {@link #of(List, String, List)}, with the classes of another build. */
    public static List<String> of(String classPath, List<String> jvmFlags, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(inheritedFlags());
        command.addAll(jvmFlags);
        command.add("-cp");
        command.add(classPath);
        command.add(mainClass);
        command.addAll(arguments);
        return command;
    }

    /** What opens modules and sets properties is inherited; sizes, agents and debuggers are this process's own. */
    private static List<String> inheritedFlags() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--add-") || flag.startsWith("-Dchronicle.")
                        || flag.startsWith("-Djava.net.") || flag.startsWith("-Dlogback."))
                .toList();
    }

    /** Absolute, because the new process starts in another directory. */
    static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}

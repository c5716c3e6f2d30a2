package io.holdfast.test;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rules that are read off the files of the repository, not off the classes. */
class SourceRulesTest {
    private static final int MAX_LINES = 500;
    private static final Pattern SLEEP = Pattern.compile("\\bThread\\.sleep\\(");
    /** Spelled so that this file does not find itself. */
    private static final Pattern UNFINISHED = Pattern.compile(
            "\\bTO" + "DO\\b|\\bFIX" + "ME\\b|not yet implemen" + "ted|new Unsupported" + "OperationException");
    private static final Pattern OUR_DEPENDENCY = Pattern.compile("<artifactId>(holdfast-[a-z-]+)</artifactId>");

    private static Path root;
    private static List<Path> sources;

    @BeforeAll
    static void listSources() throws IOException {
        root = Path.of("..", "..").toRealPath();
        assertThat(root.resolve("holdfast")).as("the launcher, at the top of the repository").isRegularFile();
        sources = new ArrayList<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                String name = directory.getFileName().toString();
                boolean built = name.equals("target") || name.startsWith(".") && !directory.equals(root);
                return built ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(".java")) {
                    sources.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        assertThat(sources).isNotEmpty();
    }

    @Test
    void noSourceIsLongerThanIsReadInOneGo() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path source : sources) {
            int lines = Files.readAllLines(source).size();
            if (lines > MAX_LINES) {
                tooLong.add(root.relativize(source) + ": " + lines + " lines");
            }
        }
        assertThat(tooLong).isEmpty();
    }

    @Test
    void testsWaitForConditionsAndNotForTime() throws IOException {
        assertThat(matches(SLEEP, source -> source.toString().contains("/src/test/"))).isEmpty();
    }

    @Test
    void nothingIsLeftUnfinished() throws IOException {
        assertThat(matches(UNFINISHED, source -> true)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aPomNamesNoModuleThatItsFolderMayNotKnow(Module module) throws IOException {
        Set<String> allowed = new TreeSet<>();
        allowed.add(module.artifact());
        module.knows().forEach(known -> allowed.add(known.artifact()));
        Matcher named = OUR_DEPENDENCY.matcher(Files.readString(root.resolve(module.folder()).resolve("pom.xml")));
        assertThat(named.results().map(result -> result.group(1)).toList()).isNotEmpty().isSubsetOf(allowed);
    }

    private static List<String> matches(Pattern pattern, java.util.function.Predicate<Path> where)
            throws IOException {
        List<String> found = new ArrayList<>();
        for (Path source : sources) {
            if (!where.test(source)) {
                continue;
            }
            List<String> lines = Files.readAllLines(source);
            for (int i = 0; i < lines.size(); i++) {
                if (pattern.matcher(lines.get(i)).find()) {
                    found.add(root.relativize(source) + ":" + (i + 1) + ": " + lines.get(i).strip());
                }
            }
        }
        return found;
    }
}

package io.holdfast.test;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who may know whom. The table is the one of docs/architecture.md; {@link SourceRulesTest} holds the poms to it. */
class ArchitectureTest {
    private static JavaClasses classes;

    @BeforeAll
    static void importClasses() {
        classes = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
                .withImportOption(location -> !location.contains("-tests.jar")) // other modules' tests, once packaged
                .importPackages("io.holdfast");
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BENCHMARKS")
    void aModuleKnowsTheOnesBelowItAlone(Module module) {
        Set<Module> forbidden = new HashSet<>(Arrays.asList(Module.values()));
        forbidden.remove(module);
        forbidden.removeAll(module.knows());
        noClasses().that().resideInAPackage(module.packages())
                .should().dependOnClassesThat().resideInAnyPackage(
                        forbidden.stream().map(Module::packages).toArray(String[]::new))
                .because(module + " may know " + module.knows())
                .check(classes);
    }

    @Test
    void everyClassBelongsToAModule() {
        noClasses().should().resideOutsideOfPackages(
                Arrays.stream(Module.values()).map(Module::packages).toArray(String[]::new)).check(classes);
    }

    @Test
    void modulesDoNotDependOnEachOtherInCircles() {
        SlicesRuleDefinition.slices().matching("io.holdfast.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void consensusAloneKnowsJGroups() {
        // What is measured against it must call it.
        noClasses().that().resideOutsideOfPackages(Module.CONSENSUS.packages(), Module.BENCHMARKS.packages())
                .should().dependOnClassesThat().resideInAPackage("org.jgroups..")
                .check(classes);
    }

    @Test
    void chronicleIsKnownToTheJournalAndTheConfigurationAlone() {
        // What is measured against it must call it.
        noClasses().that().resideOutsideOfPackages(Module.JOURNAL.packages(), "io.holdfast.node.config..", Module.BENCHMARKS.packages())
                .should().dependOnClassesThat().resideInAPackage("net.openhft..")
                .check(classes);
    }

    @Test
    void nothingIsConfiguredBySystemProperties() {
        noClasses().that().resideOutsideOfPackage(Module.CLI.packages())
                .should().callMethod(System.class, "getProperty", String.class)
                .orShould().callMethod(System.class, "getProperty", String.class, String.class)
                .orShould().callMethod(Integer.class, "getInteger", String.class)
                .orShould().callMethod(Integer.class, "getInteger", String.class, int.class)
                .orShould().callMethod(Long.class, "getLong", String.class)
                .orShould().callMethod(Long.class, "getLong", String.class, long.class)
                .orShould().callMethod(Boolean.class, "getBoolean", String.class)
                .because("a node is configured by its file alone")
                .check(classes);
    }

    @Test
    void classesAreNamedForWhatTheyAre() {
        noClasses().should().haveNameMatching(".*(Utils?|Helpers?|Manager)($|\\$.*)")
                .orShould().resideInAnyPackage("..util..", "..utils..", "..common..", "..helper..")
                .check(classes);
    }

    @Test
    void theProcessIsEndedByTheCommandLinesAlone() {
        noClasses().that().resideOutsideOfPackages(Module.CLI.packages(), Module.BENCHMARKS.packages())
                .should().callMethod(System.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "halt", int.class)
                .because("one process may run several services")
                .check(classes);
    }
}

package io.holdfast.cli.inspect.reexecute;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process that re-executes, inside the sandbox. One line of JSON on standard input asks, one on standard output answers.
 * When standard input ends, whoever asked is gone, and so is this process, and with it all of the sandbox.
 */
final class SandboxProcess {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxProcess.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private SandboxProcess() {
    }

    public static void main(String... arguments) throws IOException {
        // Whatever else prints must not be taken for an answer.
        PrintStream answers = System.out;
        System.setOut(System.err);
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        SandboxRequest request = JSON.readValue(questions.readLine(), SandboxRequest.class);
        Thread lifeline = new Thread(() -> endWith(questions), "lifeline");
        lifeline.setDaemon(true);
        lifeline.start();
        SandboxAnswer answer = answer(request);
        answers.println(JSON.writeValueAsString(answer));
        answers.flush();
        if (request.stay() && answer.report() != null) {
            awaitForever(lifeline);
        }
        Runtime.getRuntime().halt(0);
    }

    private static SandboxAnswer answer(SandboxRequest request) {
        try {
            return new SandboxAnswer(new Reexecution(request).run(), null);
        } catch (IOException | RuntimeException e) {
            LOG.error("not re-executed", e);
            return new SandboxAnswer(null, e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private static void endWith(BufferedReader questions) {
        try {
            while (questions.readLine() != null) {
                // Nothing more is asked.
            }
        } catch (IOException e) {
            LOG.error("standard input failed", e);
        }
        Runtime.getRuntime().halt(1);
    }

    private static void awaitForever(Thread lifeline) {
        try {
            lifeline.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

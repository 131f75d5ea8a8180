// Records what programs in Java do, line by line, through the debugger interface of the JDK.
//
// Reads texts that are separated by NUL: how many steps to record, how many milliseconds a program
// may take, and the programs. Prints one line of JSON for each: see codeeval/sandbox/tracing.py.

import com.sun.jdi.AbsentInformationException;
import com.sun.jdi.Bootstrap;
import com.sun.jdi.IncompatibleThreadStateException;
import com.sun.jdi.Location;
import com.sun.jdi.Method;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.LaunchingConnector;
import com.sun.jdi.event.*;
import com.sun.jdi.request.EventRequest;
import com.sun.jdi.request.EventRequestManager;
import com.sun.jdi.request.ExceptionRequest;
import com.sun.jdi.request.MethodEntryRequest;
import com.sun.jdi.request.StepRequest;
import com.sun.source.tree.*;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.InputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

public class Tracer {
    static final String[] LIBRARIES = {"java.*", "javax.*", "jdk.*", "sun.*", "com.sun.*"};
    static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();

    final String source;
    final String[] text;
    final int most;
    final long milliseconds;
    final TreeSet<Integer> statements = new TreeSet<>(); // where one begins
    final TreeSet<Integer> lines = new TreeSet<>(); // of statements, to their ends
    final List<int[]> path = new ArrayList<>();
    final List<Object[]> calls = new ArrayList<>();
    final List<Object[]> raised = new ArrayList<>();
    final Map<ThreadReference, Deque<int[]>> stacks = new LinkedHashMap<>();
    final Map<ThreadReference, Integer> threads = new HashMap<>();
    String error = "", failure = "", mainClass = "";
    boolean isCut;

    Tracer(String source, int most, long milliseconds) {
        this.source = source;
        this.text = source.split("\n", -1);
        this.most = most;
        this.milliseconds = milliseconds;
    }

    public static void main(String[] arguments) throws Exception {
        String all = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        String[] parts = all.split("\0", -1);
        for (int i = 2; i < parts.length; i++) {
            Tracer tracer = new Tracer(
                parts[i], Integer.parseInt(parts[0]), Long.parseLong(parts[1]));
            System.out.println(tracer.run(Path.of("program" + i)));
        }
    }

    String run(Path folder) throws Exception {
        Files.createDirectory(folder);
        String printed = "";
        StringWriter said = new StringWriter();
        if (!compile(folder, said)) {
            failure = "cannot be compiled: " + said.toString().lines().findFirst().orElse("");
        } else if (mainClass.isEmpty()) {
            failure = "has no main method";
        } else {
            for (int attempt = 0; ; attempt++) {
                try {
                    printed = trace(folder);
                    break;
                } catch (com.sun.jdi.connect.VMStartException
                    | com.sun.jdi.connect.TransportTimeoutException lost) {
                    if (attempt > 1) throw lost;
                }
            }
        }
        try (var files = Files.walk(folder)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(each);
        }
        return json(printed);
    }

    // What the compiler knows.

    boolean compile(Path folder, StringWriter said) throws Exception {
        JavacTask parser = task(said, List.of());
        for (CompilationUnitTree unit : parser.parse()) {
            SourcePositions positions = Trees.instance(parser).getSourcePositions();
            LineMap map = unit.getLineMap();
            String prefix = unit.getPackageName() == null ? "" : unit.getPackageName() + ".";
            for (Tree type : unit.getTypeDecls()) {
                if (!(type instanceof ClassTree each)) continue;
                boolean isPublic = each.getModifiers().getFlags().contains(Modifier.PUBLIC);
                if (hasMain(each) && (mainClass.isEmpty() || isPublic)) {
                    mainClass = prefix + each.getSimpleName();
                }
            }
            new TreeScanner<Void, Void>() {
                @Override
                public Void scan(Tree tree, Void none) {
                    boolean wanted = tree instanceof VariableTree each
                        ? each.getInitializer() != null
                        : tree instanceof StatementTree
                            && !(tree instanceof BlockTree)
                            && !(tree instanceof ClassTree)
                            && !(tree instanceof EmptyStatementTree);
                    if (tree instanceof LambdaExpressionTree each) {
                        add(each.getBody());
                    } else if (wanted) {
                        add(tree);
                    }
                    return super.scan(tree, none);
                }

                void add(Tree tree) {
                    long start = positions.getStartPosition(unit, tree);
                    long end = positions.getEndPosition(unit, tree);
                    if (start < 0 || end < 0) return;
                    int first = (int) map.getLineNumber(start);
                    if (!(tree instanceof TryTree) && !(tree instanceof BlockTree)) {
                        statements.add(first);
                    }
                    for (int n = first; n <= map.getLineNumber(end); n++) lines.add(n);
                }
            }.scan(unit, null);
        }
        lines.removeIf(n -> n > text.length || !text[n - 1].matches(".*\\w.*"));
        List<String> options = List.of("-g", "-proc:none", "-nowarn", "-d", folder.toString());
        return task(said, options).call();
    }

    JavacTask task(StringWriter said, List<String> options) {
        URI name = URI.create("string:///Main.java");
        var file = new SimpleJavaFileObject(name, JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignored) {
                return source;
            }

            @Override
            public boolean isNameCompatible(String name, JavaFileObject.Kind kind) {
                return true; // several public classes in one text
            }
        };
        return (JavacTask) COMPILER.getTask(said, null, null, options, null, List.of(file));
    }

    static boolean hasMain(ClassTree tree) {
        return tree.getMembers().stream().anyMatch(each -> each instanceof MethodTree method
            && method.getName().contentEquals("main")
            && method.getParameters().size() == 1
            && method.getModifiers().getFlags().contains(Modifier.STATIC));
    }

    // What the debugger tells.

    String trace(Path folder) throws Exception {
        LaunchingConnector launcher = Bootstrap.virtualMachineManager().defaultConnector();
        Map<String, Connector.Argument> arguments = launcher.defaultArguments();
        arguments.get("main").setValue(mainClass);
        arguments.get("options").setValue("-XX:-UsePerfData -XX:+UseSerialGC -Xss16m -cp " + folder);
        VirtualMachine machine = launcher.launch(arguments);
        Process process = machine.process();
        Thread killer = new Thread(() -> {
            try {
                Thread.sleep(milliseconds);
                failure = "takes long";
                process.destroyForcibly();
            } catch (InterruptedException over) {
                // it has ended in time
            }
        });
        killer.setDaemon(true);
        killer.start();
        process.getOutputStream().close();
        StringBuilder printed = new StringBuilder();
        Thread reader = reader(process.getInputStream(), printed);
        Thread other = reader(process.getErrorStream(), new StringBuilder());
        watch(machine);
        reader.join();
        other.join();
        process.waitFor();
        killer.interrupt();
        return printed.toString();
    }

    static Thread reader(InputStream stream, StringBuilder into) {
        Thread thread = new Thread(() -> {
            try {
                byte[] piece = new byte[1 << 16];
                for (int n; (n = stream.read(piece)) >= 0; ) {
                    if (into.length() < 1 << 20) {
                        into.append(new String(piece, 0, n, StandardCharsets.UTF_8));
                    }
                }
            } catch (java.io.IOException gone) {
                // it was ended
            }
        });
        thread.start();
        return thread;
    }

    void watch(VirtualMachine machine) throws InterruptedException {
        EventRequestManager requests = machine.eventRequestManager();
        MethodEntryRequest entries = requests.createMethodEntryRequest();
        for (String each : LIBRARIES) entries.addClassExclusionFilter(each);
        entries.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
        entries.enable();
        ExceptionRequest exceptions = requests.createExceptionRequest(null, true, true);
        exceptions.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
        exceptions.enable();
        try {
            while (true) {
                EventSet set = machine.eventQueue().remove();
                for (Event event : set) {
                    if (event instanceof VMDeathEvent || event instanceof VMDisconnectEvent) return;
                    if (event instanceof MethodEntryEvent entry) entered(entry, requests);
                }
                for (Event event : set) {
                    if (event instanceof StepEvent step) {
                        stepped(step.thread(), step.location());
                    } else if (event instanceof ExceptionEvent thrown) {
                        threw(thrown);
                    }
                }
                if (isCut) {
                    machine.exit(0);
                    return;
                }
                set.resume();
            }
        } catch (VMDisconnectedException over) {
            // it has ended
        }
    }

    void entered(MethodEntryEvent event, EventRequestManager requests) {
        Method method = event.method();
        boolean isMade = method.isSynthetic() && !method.name().startsWith("lambda$");
        if (isMade || method.declaringType().name().contains("$$Lambda")) return;
        ThreadReference thread = event.thread();
        if (!method.equals(topOf(thread))) return; // what initialises a class is told too late
        boolean known = stacks.containsKey(thread);
        int number = threads.computeIfAbsent(thread, each -> threads.size());
        Deque<int[]> stack = stacks.computeIfAbsent(thread, each -> new ArrayDeque<>());
        int frames = framesOf(thread);
        while (!stack.isEmpty() && stack.peek()[1] >= frames) stack.pop();
        int call = -1;
        if (calls.size() < most) {
            call = calls.size();
            String type = method.declaringType().name();
            calls.add(new Object[] {
                type.substring(type.lastIndexOf('.') + 1) + "." + method.name(), stack.size(), number
            });
        }
        stack.push(new int[] {call, frames});
        if (!known) {
            StepRequest steps =
                requests.createStepRequest(thread, StepRequest.STEP_LINE, StepRequest.STEP_INTO);
            for (String each : LIBRARIES) steps.addClassExclusionFilter(each);
            steps.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
            steps.enable();
            stepped(thread, event.location());
        }
    }

    void stepped(ThreadReference thread, Location location) {
        Deque<int[]> stack = stacks.get(thread);
        if (stack == null) return;
        int frames = framesOf(thread);
        boolean returned = false;
        while (!stack.isEmpty() && stack.peek()[1] > frames) {
            stack.pop();
            returned = true;
        }
        int line = location.lineNumber();
        Method method = location.method();
        if (stack.isEmpty() || stack.peek()[1] != frames || !lines.contains(line)) return;
        if (method.isConstructor() && method.declaringType().name().matches(".*\\$\\d+")) return;
        if (returned && !begins(location)) return; // the rest of a line that made a call
        if (path.size() >= most) {
            isCut = true;
            return;
        }
        path.add(new int[] {line, stack.peek()[0]});
    }

    static boolean begins(Location location) {
        try {
            return location.method().locationsOfLine(location.lineNumber()).stream()
                .anyMatch(each -> each.codeIndex() == location.codeIndex());
        } catch (AbsentInformationException unknown) {
            return true;
        }
    }

    static int framesOf(ThreadReference thread) {
        try {
            return thread.frameCount();
        } catch (IncompatibleThreadStateException running) {
            throw new IllegalStateException(running);
        }
    }

    static Method topOf(ThreadReference thread) {
        try {
            return thread.frame(0).location().method();
        } catch (IncompatibleThreadStateException running) {
            throw new IllegalStateException(running);
        }
    }

    void threw(ExceptionEvent event) {
        Location caught = event.catchLocation();
        Deque<int[]> stack = stacks.get(event.thread());
        if (stack == null || stack.isEmpty()) return;
        if (caught != null && isLibrary(caught.declaringType().name())) return;
        String type = event.exception().referenceType().name();
        String name = type.substring(type.lastIndexOf('.') + 1);
        if (raised.size() < most) raised.add(new Object[] {path.size(), name, stack.peek()[0]});
        if (caught == null && threads.get(event.thread()) == 0) error = name;
    }

    static boolean isLibrary(String type) {
        return Arrays.stream(LIBRARIES)
            .anyMatch(each -> type.startsWith(each.substring(0, each.length() - 1)));
    }

    // What is told of it.

    String json(String printed) {
        return "{\"runtime\": " + quoted("Java " + System.getProperty("java.version"))
            + ", \"steps\": " + path.stream().map(each -> each[0]).toList()
            + ", \"frames\": " + path.stream().map(each -> each[1]).toList()
            + ", \"calls\": " + calls.stream().map(Tracer::list).toList()
            + ", \"raised\": " + raised.stream().map(Tracer::list).toList()
            + ", \"statements\": " + statements
            + ", \"is_cut\": " + isCut
            + ", \"printed\": " + quoted(printed)
            + ", \"error\": " + quoted(error)
            + ", \"failure\": " + quoted(failure) + "}";
    }

    static String list(Object[] items) {
        return Arrays.stream(items)
            .map(each -> each instanceof String text ? quoted(text) : each.toString())
            .collect(Collectors.joining(", ", "[", "]"));
    }

    static String quoted(String text) {
        StringBuilder made = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            if (each == '"' || each == '\\') made.append('\\').append(each);
            else if (each < 32 || each > 126) made.append(String.format("\\u%04x", (int) each));
            else made.append(each);
        }
        return made.append('"').toString();
    }
}

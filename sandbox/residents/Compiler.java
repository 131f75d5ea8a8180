import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.tools.DiagnosticListener;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** Compiles sources that come through the standard input, in one process that stays. */
public final class Compiler implements TaskListener {
    /** A source; of the public classes that it has, the first gives it its name. */
    private static final class Source extends SimpleJavaFileObject {
        private final String text;
        private String name;

        Source(String text) {
            super(URI.create("string:///Main.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public String getName() {
            return "Main.java";
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            boolean isClass = !simpleName.endsWith("-info");
            name = name == null && isClass ? simpleName : name;
            return simpleName.equals(name);
        }
    }

    /** Keeps classes in memory; of other sources it knows none. */
    private static final class Classes extends ForwardingJavaFileManager<JavaFileManager> {
        final Map<String, ByteArrayOutputStream> made = new LinkedHashMap<>();

        Classes(JavaFileManager files) {
            super(files);
        }

        @Override
        public Iterable<JavaFileObject> list(
                Location location, String pack, Set<JavaFileObject.Kind> kinds, boolean recurse)
                throws IOException {
            boolean own = location == StandardLocation.CLASS_OUTPUT;
            return own ? List.of() : super.list(location, pack, kinds, recurse);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            String path = name.replace('.', '/') + kind.extension;
            return new SimpleJavaFileObject(URI.create("memory:///made"), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    made.put(path, bytes);
                    return bytes;
                }
            };
        }
    }

    private static final String API = "com.sun.tools.javac.api.";

    private final Classes classes;
    private final List<String> options;
    private final Constructor<?> pools;
    private final Method getTask;
    private final Object worker;

    /** Keeps the classes of the platform from task to task. */
    private Object pool;

    /** Whether a source was of a package: a pool never forgets that there is one. */
    private boolean named;

    private Compiler(List<String> options) throws ReflectiveOperationException {
        this.options = options;
        classes =
                new Classes(
                        ToolProvider.getSystemJavaCompiler()
                                .getStandardFileManager(null, null, UTF_8));
        pools = Class.forName(API + "JavacTaskPool").getConstructor(int.class);
        pool = pools.newInstance(1);
        getTask =
                Arrays.stream(pool.getClass().getMethods())
                        .filter(method -> method.getName().equals("getTask"))
                        .findFirst()
                        .orElseThrow();
        Method run = Class.forName(API + "JavacTaskImpl").getMethod("doCall");
        Class<?> kind = Class.forName(API + "JavacTaskPool$Worker");
        worker =
                Proxy.newProxyInstance(
                        kind.getClassLoader(),
                        new Class<?>[] {kind},
                        (proxy, method, arguments) -> {
                            ((JavacTask) arguments[0]).addTaskListener(this);
                            return run.invoke(arguments[0]);
                        });
    }

    @Override
    public void finished(TaskEvent event) {
        CompilationUnitTree unit = event.getCompilationUnit();
        named |= unit != null && (unit.getPackageName() != null || unit.getModule() != null);
    }

    /** Compiles a source; what went wrong is told as usual, but for a compiler that breaks off. */
    private boolean compile(Source source, StringWriter said) throws ReflectiveOperationException {
        classes.made.clear();
        List<Source> sources = List.of(source);
        DiagnosticListener<JavaFileObject> listener = found -> said.write(found + "\n");
        String result =
                getTask.invoke(pool, said, classes, listener, options, null, sources, worker)
                        .toString();
        if (named) {
            pool = pools.newInstance(1);
            named = false;
        }
        if (!Set.of("OK", "ERROR").contains(result)) {
            throw new IllegalStateException(result);
        }
        return result.equals("OK");
    }

    private static void write(DataOutputStream answers, byte[] bytes) throws IOException {
        answers.writeInt(bytes.length);
        answers.write(bytes);
    }

    public static void main(String[] options)
            throws IOException, ReflectiveOperationException {
        DataInputStream sources = new DataInputStream(new FileInputStream(FileDescriptor.in));
        DataOutputStream answers =
                new DataOutputStream(
                        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        Compiler compiler = new Compiler(List.of(options));
        compiler.compile(new Source("class Main { Object a = new int[0]; }"), new StringWriter());
        answers.writeByte('+');
        answers.flush();
        while (true) {
            Source source = new Source(new String(sources.readNBytes(sources.readInt()), UTF_8));
            StringWriter said = new StringWriter();
            answers.writeByte(compiler.compile(source, said) ? '+' : '-');
            write(answers, (source.name == null ? "Main" : source.name).getBytes(UTF_8));
            write(answers, said.toString().getBytes(UTF_8));
            answers.writeInt(compiler.classes.made.size());
            for (Map.Entry<String, ByteArrayOutputStream> made : compiler.classes.made.entrySet()) {
                write(answers, made.getKey().getBytes(UTF_8));
                write(answers, made.getValue().toByteArray());
            }
            answers.flush();
        }
    }
}

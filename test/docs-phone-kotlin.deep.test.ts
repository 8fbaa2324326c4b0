import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root, sharedInstance, temporaryFolder } from './local/instance.ts';
import { bearerOf, boundTo } from './local/phone.ts';

/** The code for a phone in docs/phone.md, in Kotlin. */
const [, code = ''] = /```kotlin\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/phone.md'), 'utf8')) ?? [];

/** As much of Android as the code uses, and a phone that signs in, checks its fence and signs out. */
const ANDROID = `
import java.io.IOException
import java.net.*

class Kept : SharedPreferences {
    val all = HashMap<String, Any>()
    override fun edit() = Editor(all)
    override fun getString(name: String, other: String?) = all[name] as String? ?: other
    @Suppress("UNCHECKED_CAST")
    override fun getStringSet(name: String, other: Set<String>) = all[name] as Set<String>? ?: other
}
class Editor(val all: HashMap<String, Any>) {
    fun putString(name: String, value: String): Editor { all[name] = value; return this }
    fun putStringSet(name: String, value: Set<String>): Editor { all[name] = value; return this }
    fun remove(name: String): Editor { all.remove(name); return this }
    fun apply() {}
}
interface SharedPreferences {
    fun edit(): Editor
    fun getString(name: String, other: String?): String?
    fun getStringSet(name: String, other: Set<String>): Set<String>?
}
class JSONObject(val text: String = "{}") {
    fun put(name: String, value: String) = JSONObject(text.dropLast(1) + (if (text == "{}") "" else ",") + """"$name":"$value"}""")
    fun getString(name: String) = Regex(""""$name":"([^"]*)"""").find(text)!!.groupValues[1]
    override fun toString() = text
}
fun main(args: Array<String>) {
    val kept = Kept()
    val phone = Bindery(args[0], kept)
    phone.signIn("kotlin-1", "installation-kotlin") { args[1] }
    println("own " + phone.isMine(kept.getString("fence", null)) + ", other " + phone.isMine("other"))
    if (args[2] == "sign-out") phone.signOut()
    println("left " + kept.getStringSet("ended", setOf("none"))!!.size)
}
`;

const hasCompiler = () => {
  try {
    execFileSync('kotlinc', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const shared = sharedInstance();

test("the page's Kotlin code signs a phone in and out", async ({ skip }) => {
  if (!hasCompiler()) return skip('kotlinc is not installed');
  const folder = temporaryFolder();
  const [source, jar] = [join(folder, 'Phone.kt'), join(folder, 'phone.jar')];
  writeFileSync(source, ANDROID + code);
  execFileSync('kotlinc', [source, '-include-runtime', '-d', jar], { stdio: 'ignore' });
  const { instance } = shared();
  const run = async (end: string) => {
    const parameters = [`${instance.url}/devices/xg-android`, await bearerOf(instance, 'kotlin-alice'), end];
    const { stdout } = await promisify(execFile)('java', ['-cp', jar, 'PhoneKt', ...parameters]);
    return stdout.trim().split('\n');
  };
  expect(await run('stay')).toEqual(['own true, other false', 'left 1']);
  expect(await boundTo(instance, 'kotlin-alice')).toMatchObject([{ token: 'kotlin-1' }]);
  expect(await run('sign-out')).toEqual(['own true, other false', 'left 0']);
  expect(await boundTo(instance, 'kotlin-alice')).toEqual([]);
});

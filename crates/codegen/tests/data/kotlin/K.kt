// Compiled by Kotlin 2.0.21 with -java-parameters.
package kt
import java.io.Serializable
class Item(val name: String, val tags: List<String?>, var counts: Map<String, Int?>, val deep: List<Map<String?, List<Long?>>>?, val plain: List<String>) : Serializable {
  var inner: Pair<String?, Int>? = null
  val arr: Array<String?> = arrayOf()
  lateinit var late: MutableList<Item?>
  @JvmField val open: Set<String?> = setOf()
  val generic: Box<String?>? = null
}
class Box<T>(val of: T, val all: List<T?>) : Serializable
data class Data(val a: List<Int?>, val b: Int?) : Serializable
interface Svc {
  fun find(keys: List<String?>, map: Map<String, Int?>): List<Item?>
  fun one(a: Item?): Item
  fun <T> gen(a: List<T?>, b: T): T?
  fun over(a: List<String?>): Int
  fun over(a: List<String>, b: Array<Int?>): List<Array<String?>>
  fun stars(a: List<*>, b: MutableList<in String?>, c: MutableList<out String?>)
  val prop: List<String?>
  fun List<Long?>.received(a: Set<String?>): Int
  fun alike(a: List<String?>)
  fun alike(a: Map<String?, Int>)
  @Suppress("INAPPLICABLE_JVM_NAME") @JvmName("named") fun renamed(a: List<String?>): Int
  fun vararg(vararg x: String?): java.util.concurrent.CompletableFuture<List<String?>>
  suspend fun later(a: List<String?>): List<Int?>
  fun brought(): java.util.concurrent.CompletableFuture<String?>
}

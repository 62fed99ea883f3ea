//! The checked kernels of Spark's arithmetic beside the engine's own, on the same columns: what does the same meaning cost?

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int32Array, Int64Array};
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, Field};
use criterion::{Criterion, Throughput};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF};
use datafusion::scalar::ScalarValue;

use trapiche::spark::functions;
use trapiche::spark::mode::SqlMode;

/// As many rows as the engine has in a batch.
const ROWS: i64 = 8192;

/// An operator as our functions have it, and as the engine does.
type Operator = (&'static str, &'static str, fn(&ArrayRef, &ArrayRef) -> ArrayRef);

const OPERATORS: [Operator; 3] = [
    ("add", "+", |left, right| numeric::add(left, right).expect("sums that fit")),
    ("multiply", "*", |left, right| numeric::mul(left, right).expect("products that fit")),
    ("divide", "/", |left, right| numeric::div(left, right).expect("no zeros")),
];

pub fn arithmetic(criterion: &mut Criterion) {
    let all = functions::of_one_row(&SqlMode::default());
    let ours = all.iter().find(|function| function.name() == "spark_arithmetic").expect("a function of ours");
    let options = Arc::new(ConfigOptions::default());
    let mut group = criterion.benchmark_group("arithmetic");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (kind, left, right) in columns() {
        for (name, symbol, engines) in OPERATORS {
            let call = Call::new(ours, symbol, &left, &right, &options);
            group.bench_function(format!("{kind}_{name}/ours"), |b| b.iter(|| black_box(call.compute(ours))));
            group.bench_function(format!("{kind}_{name}/engine"), |b| b.iter(|| black_box(engines(&left, &right))));
        }
    }
    group.finish();
}

/// Numbers of which no sum, product or quotient is too large; every tenth is null.
fn columns() -> [(&'static str, ArrayRef, ArrayRef); 4] {
    let rows = || (0..ROWS).map(|row| (row % 10 != 0).then_some(row));
    let decimals = |shift: i128| -> ArrayRef {
        let values: Decimal128Array = rows().map(|row| row.map(|row| i128::from(row) * 101 + shift)).collect();
        Arc::new(values.with_precision_and_scale(12, 2).expect("twelve digits are enough"))
    };
    let ints = |shift: i32| -> ArrayRef {
        Arc::new(rows().map(|row| row.map(|row| row as i32 + shift)).collect::<Int32Array>())
    };
    let longs =
        |shift: i64| -> ArrayRef { Arc::new(rows().map(|row| row.map(|row| row + shift)).collect::<Int64Array>()) };
    let doubles = |shift: f64| -> ArrayRef {
        Arc::new(rows().map(|row| row.map(|row| row as f64 + shift)).collect::<Float64Array>())
    };
    [
        ("int", ints(1), ints(7)),
        ("bigint", longs(1), longs(7)),
        ("decimal", decimals(1), decimals(7)),
        ("double", doubles(0.5), doubles(7.25)),
    ]
}

/// A call of ours with all that it is told.
struct Call {
    arguments: ScalarFunctionArgs,
}

impl Call {
    fn new(
        function: &ScalarUDF,
        symbol: &str,
        left: &ArrayRef,
        right: &ArrayRef,
        options: &Arc<ConfigOptions>,
    ) -> Call {
        let program = ScalarValue::from(symbol);
        let field = |name: &str, data_type: &DataType| Arc::new(Field::new(name, data_type.clone(), true));
        let fields =
            vec![field("program", &program.data_type()), field("a", left.data_type()), field("b", right.data_type())];
        let asked = ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &[Some(&program), None, None] };
        let return_field = function.return_field_from_args(asked).expect("types of our own");
        let args = vec![
            ColumnarValue::Scalar(program),
            ColumnarValue::Array(left.clone()),
            ColumnarValue::Array(right.clone()),
        ];
        let number_rows = left.len();
        Call {
            arguments: ScalarFunctionArgs {
                args,
                arg_fields: fields,
                number_rows,
                return_field,
                config_options: options.clone(),
            },
        }
    }

    fn compute(&self, function: &ScalarUDF) -> ColumnarValue {
        function.invoke_with_args(self.arguments.clone()).expect("numbers that fit")
    }
}
